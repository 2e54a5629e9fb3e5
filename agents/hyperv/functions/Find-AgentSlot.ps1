function Find-AgentSlot {
    <#
    .SYNOPSIS
    A free place for a drive: Type, Number, Location. A SCSI controller is added to a machine that is off; else DISK_SLOT_TAKEN.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [ValidateSet('IDE', 'SCSI')] [string] $Type
    )
    if ($Type -ceq 'IDE' -and [int]$Vm.Generation -ne 1) { throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message 'Only a virtual machine of generation 1 (firmware bios) has IDE.' -Pointer '/bus') }
    $isGen1 = [int]$Vm.Generation -eq 1
    $taken = @{}
    foreach ($drive in @(Get-VMHardDiskDrive -VM $Vm)) { $taken["$($drive.ControllerType)-$($drive.ControllerNumber)-$($drive.ControllerLocation)".ToUpperInvariant()] = $true }
    foreach ($drive in @(Get-VMDvdDrive -VM $Vm)) {
        $kind = 'SCSI'
        if ($isGen1) { $kind = 'IDE' }
        $taken["$kind-$($drive.ControllerNumber)-$($drive.ControllerLocation)"] = $true
    }
    $controllers = 2
    $places = 2
    if ($Type -ceq 'SCSI') { $controllers = @(Get-VMScsiController -VM $Vm).Count; $places = 64 }
    for ($number = 0; $number -lt $controllers; $number++) {
        for ($location = 0; $location -lt $places; $location++) {
            if (-not $taken.ContainsKey("$Type-$number-$location")) { return @{ Type = $Type; Number = $number; Location = $location } }
        }
    }
    if ($Type -ceq 'SCSI' -and $controllers -lt 4 -and (ConvertTo-AgentState -State $Vm.State) -ceq 'off') {
        Add-VMScsiController -VM $Vm
        return @{ Type = $Type; Number = $controllers; Location = 0 }
    }
    throw (New-AgentFailure -Code DISK_SLOT_TAKEN -Message "The virtual machine has no free place on $Type." -Pointer '/vm')
}
