# Stands in for New-VM of the Hyper-V module. A machine with one network adapter that nobody asked for; generation 1 with a DVD drive too.
function New-VM {
    [CmdletBinding(DefaultParameterSetName = 'No VHD', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter()]
        [switch]$Force,
        [Parameter(Position = 2)]
        [ValidateSet(1, 2)][int16]$Generation,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.GuestIsolationType]$GuestStateIsolationType,
        [Parameter(Position = 1)]
        [long]$MemoryStartupBytes,
        [Parameter(Position = 0)]
        [Alias('VMName')][string]$Name,
        [Parameter(ParameterSetName = 'New VHD', Mandatory = $true)]
        [string]$NewVHDPath,
        [Parameter(ParameterSetName = 'New VHD', Mandatory = $true)]
        [uint64]$NewVHDSizeBytes,
        [Parameter(ParameterSetName = 'No VHD')]
        [switch]$NoVHD,
        [Parameter()]
        [string]$Path,
        [Parameter()]
        [string]$SwitchName,
        [Parameter(ParameterSetName = 'Existing VHD', Mandatory = $true)]
        [string]$VHDPath,
        [Parameter()]
        [version]$Version
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if (-not $Bound.ContainsKey('Generation')) { $Generation = 1 }
            if (-not $Bound.ContainsKey('MemoryStartupBytes')) { $MemoryStartupBytes = 512MB }
            if ([string]::IsNullOrEmpty($Name)) { $Name = 'Neuer virtueller Computer' }
            if ($Name.Length -gt 100) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Name ist zu lang.' }
            Assert-FakeMemory -Value $MemoryStartupBytes
            if ($SwitchName) { Assert-FakeSwitch -World $World -Name $SwitchName }
            if ($VHDPath -and -not [System.IO.File]::Exists($VHDPath)) { Deny-FakeWork -Id 'ObjectNotFound' -Message "Der angegebene Pfad `"$VHDPath`" wurde nicht gefunden (0x80070003)." -Target $VHDPath }
            $parent = if ($Path) { Get-FakeFullPath -Path $Path } else { $World.host.virtualMachinePath }
            $folder = [System.IO.Path]::Combine($parent, $Name)
            if ($NewVHDPath) { $null = Add-FakeVhd -Path (Get-FakeFullPath -Path $NewVHDPath) -Type 'Dynamic' -Size $NewVHDSizeBytes }
            $isolation = if ($Bound.ContainsKey('GuestStateIsolationType')) { "$GuestStateIsolationType" } else { 'Disabled' }
            $machine = Add-FakeMachine -World $World -Name $Name -Generation $Generation -Memory $MemoryStartupBytes -Path $folder -Isolation $isolation
            if ($Bound.ContainsKey('Version')) { $machine.version = "$Version" }
            $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, 'Virtual Machines'))
            [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, 'Virtual Machines', "$($machine.id.ToUpperInvariant()).vmcx"), '')
            $null = Add-FakeNic -Machine $machine -Name 'Netzwerkkarte' -Switch "$SwitchName"
            if ($Generation -eq 1) { $null = Add-FakeDrive -Machine $machine -Kind 'dvd' -Slot (Resolve-FakeSlot -Machine $machine -Type 'IDE' -Number 1 -Location 0) -Path '' }
            $disk = "$NewVHDPath$VHDPath"
            if ($disk) { $null = Add-FakeDrive -Machine $machine -Kind 'hard' -Slot (Resolve-FakeSlot -Machine $machine -Type '') -Path (Get-FakeFullPath -Path $disk) }
            ConvertTo-FakeVM -World $World -Machine $machine
        }
    }
}
