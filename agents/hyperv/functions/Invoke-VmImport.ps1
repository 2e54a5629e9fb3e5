function Invoke-VmImport {
    <#
    .SYNOPSIS
    vm.import: makes a machine from an exported folder, with copies of its disks.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $path = Resolve-AgentFolder -Job $Job
    if (-not [System.IO.Directory]::Exists($path)) { throw (New-AgentFailure -Code STORAGE_UNAVAILABLE -Message "There is no folder $($spec['folder'])." -Pointer '/folder') }
    $found = @(Get-AgentVolumeFile -Path $path -Pattern '\.vmcx\z' | Where-Object { $_ -notmatch '[\\/]Snapshots[\\/]' })
    if ($found.Count -ne 1) { throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message "The folder holds $($found.Count) virtual machines, not one." -Pointer '/folder') }
    $keeps = $spec['identity'] -ceq 'keep'
    [guid] $old = [guid]::Empty
    if ($keeps) {
        if (-not [guid]::TryParse([System.IO.Path]::GetFileNameWithoutExtension($found[0]), [ref] $old)) { throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'The folder does not say the identity of its virtual machine.' -Pointer '/folder') }
        if (@(Get-VM | Where-Object { [guid]$_.Id -eq $old }).Count -gt 0) { throw (New-AgentFailure -Code VM_EXISTS -Message 'There is a virtual machine of that identity already.' -Pointer '/identity') }
    }
    if ($null -ne $spec['name']) { Assert-AgentVmName -Name $spec['name'] }
    $class = $spec['to_storage_class']
    $pointer = '/to_storage_class'
    if ($null -eq $class) { $class = $spec['storage_class']; $pointer = '/storage_class' }
    if ($null -eq $class) { $class = 'default' }
    $root = Resolve-AgentStorage -Name $class -Resources $Job.Resources -Pointer $pointer
    $needed = [long]0
    foreach ($file in Get-AgentVolumeFile -Path $path -Pattern '') { $needed += [System.IO.FileInfo]::new($file).Length }
    Assert-AgentSpace -Path $root -Bytes $needed -Pointer $pointer
    # A folder of its own: disks of one name from two imports must not meet.
    $target = [System.IO.Path]::Combine($root, 'import-' + [guid]::NewGuid().ToString('N').Substring(0, 12))
    $null = [System.IO.Directory]::CreateDirectory($target)
    $vm = $null
    try {
        $more = @{}
        if (-not $keeps) { $more.GenerateNewId = $true }
        $vm = Import-VM -Path $found[0] -Copy -VirtualMachinePath $target -VhdDestinationPath $target -SnapshotFilePath $target @more
        $id = ConvertTo-AgentId -Vm $vm
        if ($null -ne $spec['name']) { Rename-VM -VM $vm -NewName $spec['name'] }
        else { Assert-AgentVmName -Name ([string]$vm.Name) -Except $id }
        $vm = Get-AgentVm -Id $id
        if (-not $keeps) {
            foreach ($adapter in @(Get-VMNetworkAdapter -VM $vm)) { Set-VMNetworkAdapter -VMNetworkAdapter $adapter -DynamicMacAddress }
        }
        $from = Read-AgentNote -Text $vm.Notes
        $devices = @(Get-AgentDevice -Vm $vm -Note $from)
        # Paths are new, so ids are; names stay by the place in the list.
        $names = @($from.disks.Keys | ForEach-Object { @{ Id = $_; Name = $from.disks[$_] } })
        Update-AgentNote -Id $id -Change {
            param($said)
            $said.storage_class = $class
            $said.disks = Get-AgentImportedName -Devices $devices -Names $names
        }
    }
    catch {
        $problem = $_
        try {
            if ($null -ne $vm) { Remove-VM -VM $vm -Force -Confirm:$false }
            [System.IO.Directory]::Delete($target, $true)
        }
        catch { Write-Warning "The import could not be taken back: $_" }
        throw $problem
    }
    $vm = Get-AgentVm -Id $id
    $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'vm' -To ([string]$vm.Name)) -Message "The virtual machine $($vm.Name) was made." -More ([ordered]@{
            name = [string]$vm.Name
            disks = @($devices | Where-Object { $_.Kind -ceq 'disk' } | ForEach-Object { $_.Id })
            nics = @($devices | Where-Object { $_.Kind -ceq 'nic' } | ForEach-Object { $_.Id })
        })
}
