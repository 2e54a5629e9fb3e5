function Get-AgentOperationTable {
    <#
    .SYNOPSIS
    Which function does an operation, and whether it only reads.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()
    @{
        'agent.noop'         = @{ Function = 'Invoke-AgentNoop'; Reads = $true }
        'batch'              = @{ Function = 'Invoke-AgentBatch'; Reads = $true }
        'inventory.wait'     = @{ Function = 'Invoke-InventoryWait'; Reads = $true }
        'vm.list'            = @{ Function = 'Invoke-VmList'; Reads = $true }
        'vm.get'             = @{ Function = 'Invoke-VmGet'; Reads = $true }
        'vm.create'          = @{ Function = 'Invoke-VmCreate'; Reads = $false }
        'vm.update'          = @{ Function = 'Invoke-VmUpdate'; Reads = $false }
        'vm.delete'          = @{ Function = 'Invoke-VmDelete'; Reads = $false }
        'vm.rename'          = @{ Function = 'Invoke-VmRename'; Reads = $false }
        'vm.stats'           = @{ Function = 'Invoke-VmStats'; Reads = $true }
        'vm.start'           = @{ Function = 'Invoke-VmStart'; Reads = $false }
        'vm.shutdown'        = @{ Function = 'Invoke-VmShutdown'; Reads = $false }
        'vm.stop'            = @{ Function = 'Invoke-VmStop'; Reads = $false }
        'vm.reboot'          = @{ Function = 'Invoke-VmReboot'; Reads = $false }
        'vm.reset'           = @{ Function = 'Invoke-VmReset'; Reads = $false }
        'vm.suspend'         = @{ Function = 'Invoke-VmSuspend'; Reads = $false }
        'vm.resume'          = @{ Function = 'Invoke-VmResume'; Reads = $false }
        'vm.save'            = @{ Function = 'Invoke-VmSave'; Reads = $false }
        'vm.export'          = @{ Function = 'Invoke-VmExport'; Reads = $false }
        'vm.import'          = @{ Function = 'Invoke-VmImport'; Reads = $false }
        'vm.screenshot'      = @{ Function = 'Invoke-VmScreenshot'; Reads = $true }
        'vm.send-keys'       = @{ Function = 'Invoke-VmSendKeys'; Reads = $false }
        'disk.list'          = @{ Function = 'Invoke-DiskList'; Reads = $true }
        'disk.get'           = @{ Function = 'Invoke-DiskGet'; Reads = $true }
        'disk.create'        = @{ Function = 'Invoke-DiskCreate'; Reads = $false }
        'disk.clone'         = @{ Function = 'Invoke-DiskClone'; Reads = $false }
        'disk.attach'        = @{ Function = 'Invoke-DiskAttach'; Reads = $false }
        'disk.detach'        = @{ Function = 'Invoke-DiskDetach'; Reads = $false }
        'disk.resize'        = @{ Function = 'Invoke-DiskResize'; Reads = $false }
        'disk.update'        = @{ Function = 'Invoke-DiskUpdate'; Reads = $false }
        'disk.delete'        = @{ Function = 'Invoke-DiskDelete'; Reads = $false }
        'nic.list'           = @{ Function = 'Invoke-NicList'; Reads = $true }
        'nic.get'            = @{ Function = 'Invoke-NicGet'; Reads = $true }
        'nic.create'         = @{ Function = 'Invoke-NicCreate'; Reads = $false }
        'nic.attach'         = @{ Function = 'Invoke-NicAttach'; Reads = $false }
        'nic.detach'         = @{ Function = 'Invoke-NicDetach'; Reads = $false }
        'nic.update'         = @{ Function = 'Invoke-NicUpdate'; Reads = $false }
        'nic.delete'         = @{ Function = 'Invoke-NicDelete'; Reads = $false }
        'snapshot.list'      = @{ Function = 'Invoke-SnapshotList'; Reads = $true }
        'snapshot.create'    = @{ Function = 'Invoke-SnapshotCreate'; Reads = $false }
        'snapshot.revert'    = @{ Function = 'Invoke-SnapshotRevert'; Reads = $false }
        'snapshot.delete'    = @{ Function = 'Invoke-SnapshotDelete'; Reads = $false }
        'iso.attach'         = @{ Function = 'Invoke-IsoAttach'; Reads = $false }
        'iso.eject'          = @{ Function = 'Invoke-IsoEject'; Reads = $false }
        'image.list'         = @{ Function = 'Invoke-ImageList'; Reads = $true }
        'network.list'       = @{ Function = 'Invoke-NetworkList'; Reads = $true }
        'storage.list'       = @{ Function = 'Invoke-StorageList'; Reads = $true }
        'disk.use'           = @{ Function = 'Invoke-DiskUse'; Reads = $true }
        'hyperv.host'        = @{ Function = 'Invoke-HypervHost'; Reads = $true }
        'guest.kvp-publish'  = @{ Function = 'Invoke-GuestKvpPublish'; Reads = $false }
        'guest.kvp-read'     = @{ Function = 'Invoke-GuestKvpRead'; Reads = $true }
        'guest.kvp-clean'    = @{ Function = 'Invoke-GuestKvpClean'; Reads = $false }
        'hyperv.selftest'    = @{ Function = 'Invoke-HypervSelftest'; Reads = $false }
    }
}
